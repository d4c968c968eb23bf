import { expect, it } from "vitest";
import { problem } from "../../src/problems/problem.ts";
import { planMarkdown, plannedMarkdown } from "../../src/views/plan-markdown.ts";
import { aPlan, aPlanned, backupSteps, pruneStep } from "./build.ts";

it("shows the verdict first and folds the steps of each database", () => {
  const plan = aPlan([...backupSteps("orders"), pruneStep({ database: "orders", store: "dr" })], {
    plan: "abc",
  });
  expect(planMarkdown(plan)).toBe(`## dbops: production, converge

**Plan: 1 to add, 0 to change, 1 to destroy.**

<details>
<summary>orders: 1 to add, 1 to destroy</summary>

| | step | reason |
|---|---|---|
| \`+\` | back up orders to primary<br>dump orders, zstd 1<br>encrypt orders, age to 2 recipients<br>upload orders to primary, database of 1.2 GiB | slot 2026-11-24 01:00 of schedule daily is due |
| \`-\` | delete production\\_trading\\_signals\\_20261020\\_010000 from dr | no rule covers it: outside within 30d |

</details>

<sub>plan \`abc\`, made 2026-11-24 01:02:03 UTC, good until 2026-11-25 01:02:03 UTC</sub>
`);
});

it("keeps a hostile name inside its cell", () => {
  const text = planMarkdown(aPlan([pruneStep({ database: "x</summary>", why: "a|b\n`c` <img> @all" })]));
  expect(text).toContain("<summary>x&lt;/summary&gt;: 1 to destroy</summary>");
  expect(text).toContain("| a\\|b \\`c\\` &lt;img&gt; \\@all |\n");
});

it("says what could not be looked at", () => {
  const planned = aPlanned([], {
    problems: [problem("STORE_UNREADABLE", "dr: refused", { fix: "then:\ndbops doctor production" })],
  });
  expect(plannedMarkdown(planned, ["Nothing is planned."])).toContain(
    "**Nothing is planned.**\n\n- **error:** a store cannot be read: dr: refused (`dbops doctor production`)\n",
  );
});
