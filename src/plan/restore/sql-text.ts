/** A name as it is written in a statement: always quoted, so that it can be pasted whatever is in it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as it is written in a statement. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The statement for a subscription that a restore leaves out. What it connects to may be secret, and is in no plan. */
export function createSubscription(name: string): string {
  return `CREATE SUBSCRIPTION ${quoted(name)} CONNECTION '…' PUBLICATION … WITH (copy_data = false, create_slot = false, slot_name = '…');`;
}
