// Written by tools/setup/constants.py.
// biome-ignore-all format: tables

/** 2^(1/32), times 2^128. */
export const root = 0x1059b0d31585743ae7c548eb68ca417fen;

/** ln 2 / 32 as a sum of two doubles. The first double has 32 bits, so its products with small integers are exact. */
export const step = 0.021660849393811077;
export const stepRest = -1.312785960212839e-12;

/**
 * The coefficients of 1, z, … z⁶ in the series of (ln((1 + s) / (1 − s)) / s − 2) / z, where z = s² and |s| ≤ 3 − 2√2.
 * The logarithm uses this series.
 */
export const artanh0 = 0.666666666666667;
export const artanh1 = 0.39999999999899505;
export const artanh2 = 0.28571428625975487;
export const artanh3 = 0.2222221113479508;
export const artanh4 = 0.18182889125261723;
export const artanh5 = 0.15331721600556042;
export const artanh6 = 0.14616449685043406;

/** The constant 1 / √(2π) as a sum of two doubles. */
export const density = 0.3989422804014327;
export const densityRest = -2.49232720227773e-17;

/**
 * The numbers 2⁸⁰ m(t) for t = 0, ¼, ½, … 6, where m(t) = (1 − Φ(t)) / φ(t) is Mills' ratio of the normal distribution
 * function Φ and its density φ. In place of ¾, t is the solution of m(t) = t, which is close to ¾.
 */
export const ratios: readonly bigint[] = [
  0x140d931ff627059657ca4n,
  0x109aedf1446de321eaf39n,
  0xe0596bc7d86dc1f03fc9n,
  0xc07568cbf8059eec18b4n,
  0xa7da9d4f5850e1f3a280n,
  0x941402db49dda5ed5cfdn,
  0x840c7e60e95965751f45n,
  0x76dcd19f3c5236ec2b72n,
  0x6bdeda93553a33713cban,
  0x6299141116ee59ab6e9fn,
  0x5ab11e4b4677a09d4bfcn,
  0x53e2b9dd344e25b3ea0fn,
  0x4df9a13ba3861456759fn,
  0x48cd44b3d9de6723dcedn,
  0x443dc909e2de4facd568n,
  0x4031e154c2ac45067688n,
  0x3c954025225bbc54e2afn,
  0x39577296a65873c10c59n,
  0x366b068b171b86a54a1bn,
  0x33c4e6ebd48a8918886fn,
  0x315bdf3827f13a6c5b02n,
  0x2f283bfdb5b8f23c039an,
  0x2d2380d15c1dd03e6409n,
  0x2b482e6ebb18cc087f5en,
  0x29919517272c90f734e8n,
];

/** The number t near ¾ for which Mills' ratio m(t) of the normal distribution equals t, as a sum of two doubles. */
export const crossing = 0.7517915246935645;
export const crossingRest = -1.4956759177009883e-17;

/** Φ(−t) at t = 6⅛, rounded. Φ is the standard normal distribution function. */
export const lastTail = 4.5341803266952844e-10;
