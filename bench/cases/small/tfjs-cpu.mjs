import { gradientOn } from "./tfjs.mjs";

export const gradient = () => gradientOn("cpu");
