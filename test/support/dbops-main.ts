import { main } from "../../src/main.ts";

// The program as bin/dbops.js starts it, from the sources.
await main();
