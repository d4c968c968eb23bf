import { memoryStore } from "../support/memory-store.ts";
import { describeObjectStore } from "./object-store.ts";

describeObjectStore("memory store", async () => memoryStore(), { partBytes: 65_536 });
