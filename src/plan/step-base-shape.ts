import { eitherOf, listOf, object, oneOf, text } from "../model/shape.ts";

/** The members that every step has. */
export const stepBase = {
  id: text,
  kind: text,
  effect: oneOf("none", "add", "change", "destroy"),
  "pointOfNoReturn?": oneOf(true),
  why: text,
  needs: listOf(text),
  after: listOf(text),
  database: text,
} as const;

export const backup = eitherOf(
  "must be { existing: NAME } or { made: STEP }",
  object({ existing: text }),
  object({ made: text }),
);
