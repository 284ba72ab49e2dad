// Written by tools/setup/constants.py.

/** 1 / √(2π), rounded. */
export const density = 0.3989422804014327;

/** Φ(−t) at t = 6⅛, rounded. Φ is the standard normal distribution function. */
export const lastTail = 4.5341803266952844e-10;
