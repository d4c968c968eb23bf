// Asks one question on its terminal and prints the answer as JSON, for the pseudo-terminal test.
import { openView } from "../../src/views/open-view.ts";
import { decideOutput } from "../../src/views/output.ts";

const flags = { json: false, quiet: false, verbose: false, markdown: false, colour: false };
const { stdin, stdout, stderr } = process;
const terminals = { stdin: stdin.isTTY, stdout: stdout.isTTY, stderr: stderr.isTTY };
const view = openView({ ...decideOutput(process.env, flags, terminals), stdin, stdout, stderr });
const patience = process.argv[2] === "impatient" ? AbortSignal.timeout(50) : new AbortController().signal;
const answer = await view.ask("Type production\u001b[2J to go on: ", patience);
stdout.write(`answer ${JSON.stringify(answer)}\n`);
