import { afterAll, afterEach } from "vitest";
import { closePages, disconnect } from "./support.ts";

// Vitest runs this file before each test file, even if the test files of a worker share their modules.

afterEach(closePages);
afterAll(disconnect);
