import { describe, expect, it } from "vitest";
import { roleNamesIn } from "../../src/model/role-names.ts";

describe("the roles that globals make", () => {
  it("are found with and without quotes, each once, sorted", () => {
    const globals = `--
-- Roles
--

CREATE ROLE reader;
ALTER ROLE reader WITH NOSUPERUSER INHERIT;
CREATE ROLE "Größe = 'x'";
CREATE ROLE "with ""quotes"" ; CREATE ROLE none;";
CREATE ROLE app;
`;
    const names = ["Größe = 'x'", "app", "reader", 'with "quotes" ; CREATE ROLE none;'];
    expect(roleNamesIn(globals)).toEqual(names);
  });

  it("are not what a comment, a string or a name of several lines only speaks of", () => {
    const globals = `-- CREATE ROLE commented; it's "open
CREATE ROLE real;
COMMENT ON ROLE real IS 'isn''t it
CREATE ROLE in_a_string;
';
ALTER ROLE real SET x TO E'back\\\\slash\\'
CREATE ROLE escaped;
';
CREATE ROLE "two
CREATE ROLE in_a_name;
lines";
`;
    expect(roleNamesIn(globals)).toEqual(["real", "two\nCREATE ROLE in_a_name;\nlines"]);
  });

  it("are none where nothing makes one", () => {
    expect(roleNamesIn("")).toEqual([]);
  });
});
