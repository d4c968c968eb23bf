import { main } from "../../src/main.ts";

// The program, with less patience for a server or an application that a test has taken away for good.
await main({ swapMs: 1000, commitMs: 1000, answerMs: 20 });
