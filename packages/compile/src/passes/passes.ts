import type { Program } from "@wengert/core";
import { dropIdentities } from "./dropIdentities.ts";
import { foldConstants } from "./foldConstants.ts";
import { mergeDuplicates } from "./mergeDuplicates.ts";
import { withoutDeadSteps } from "./rewrite.ts";

/** The compiler passes, in order. Each pass takes a program, and returns a program that computes the same numbers. */
export const passes: Readonly<Record<string, (program: Program) => Program>> = {
  "dead steps": withoutDeadSteps,
  "constant steps": foldConstants,
  identities: dropIdentities,
  "duplicate steps": mergeDuplicates,
};
