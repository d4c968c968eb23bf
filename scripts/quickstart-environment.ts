/** What the quickstart knows only when it runs. */
export interface Found {
  readonly port: number;
  readonly recipient: string;
}

/** The example environment file with this server and this key put in; throws when the example has no place for them. */
export function adaptExample(example: string, found: Found): string {
  const changes: readonly (readonly [RegExp, string])[] = [
    [
      /^# An example: .*/m,
      "# environments/development.yaml with the port of this server and a key made a moment ago.",
    ],
    [/host: localhost\b/, "host: 127.0.0.1"],
    [/port: 5432\b/, `port: ${found.port}`],
    [/(\n *#.*)*\n( *)age: \{ recipients: \[age1\w+\]/, `\n$2age: { recipients: [${found.recipient}]`],
  ];
  return changes.reduce((text, [what, by]) => {
    if (!what.test(text)) throw new Error(`environments/development.yaml has nothing like ${what}`);
    return text.replace(what, by);
  }, example);
}
