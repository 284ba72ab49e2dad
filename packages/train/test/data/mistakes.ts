import type { Chapter } from "../../../ops/test/told.ts";

/** What mistakes with data sets are made with. */
export const dataPrelude = `
const idx = (...bytes) => new File([Uint8Array.of(...bytes)], "labels.idx");
const npy = (header) => new File(["\\x93NUMPY\\x01\\x00" + String.fromCharCode(header.length, 0) + header].map(
  (text) => Uint8Array.from(text, (character) => character.charCodeAt(0))), "x.npy");
const npyOf = (descr, shape) => npy("{'descr': " + descr + ", 'fortran_order': False, 'shape': (" + shape + "), }");
`;

export const dataMistakes: Chapter = {
  readIdx: [
    "await readIdx([1, 2])",
    "await readIdx(idx(), { scale: 255 })",
    "await readIdx(idx(), { dtype: 'uint8' })",
    "await readIdx(idx(), { divisor: 0 })",
    "await readIdx(idx(), { dtype: 'int32', divisor: 255 })",
    "await readIdx(idx(), { maxBytes: '1 MB' })",
    "await readIdx(idx(), { maxBytes: -1 })",
    "await readIdx(path('none.idx'))",
    "await readIdx(path('.'))",
    "await readIdx('/dev/null')",
    "await readIdx(new URL('https://example.org/labels.idx'))",
    "const chosen = idx(); chosen.arrayBuffer = () => { throw new Error('it was taken away'); }; await readIdx(chosen)",
    "await readIdx(idx(0, 0, 8, 1, 0, 0, 0, 2, 7, 7), { maxBytes: 9 })",
    "await readIdx(idx())",
    "await readIdx(idx(0x50, 0x4b, 3, 4))",
    "await readIdx(idx(0, 0, 8, 65))",
    "await readIdx(idx(0, 0, 8, 2, 0, 0, 0, 2))",
    "await readIdx(idx(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 7))",
    "await readIdx(idx(0, 0, 8, 2, 1, 0, 0, 0, 1, 0, 0, 0, 7))",
    "await readIdx(idx(0, 0, 8, 1, 0, 0, 0, 2, 1, 7), { dtype: 'bool' })",
    "const nameless = new Blob([Uint8Array.of(0, 0, 7, 1)]); await readIdx(nameless)",
    "await readIdx(Uint8Array.of(0, 0, 7, 1))",
    "await readIdx(idx(0x1f, 0x8b, 8, 0))",
    "await readIdx(await packed(new Uint8Array([0, 0, 8, 0, 1, 2, 3])))",
  ],

  "readNpy, toNpy": [
    "await readNpy(new File(['PK'], 'all.npz'))",
    "await readNpy(idx(1, 2, 3))",
    "await readNpy(new Uint8Array([0x93, 78, 85, 77, 80, 89, 4, 0]))",
    "await readNpy(new Uint8Array([0x93, 78, 85, 77, 80, 89, 1, 0]))",
    "await readNpy(new Uint8Array([0x93, 78, 85, 77, 80, 89, 1, 0, 9, 0]))",
    "await readNpy(new Uint8Array([0x93, 78, 85, 77, 80, 89, 1, 0, 255, 255]))",
    "await readNpy(npy('import os'))",
    "await readNpy(npyOf(\"'<f8'\", '2, 3'))",
    "await readNpy(npyOf(\"'<f8'\", '1,'.repeat(65)))",
    "await readNpy(npyOf(\"'<i8'\", '0,'))",
    "await readNpy(toNpy(params.W).slice(0, -1))",
    "const a = toNpy(tensor([1.5])); a[22] = 105; await readNpy(a, { dtype: 'int32' })",
    "await readNpy(npyOf(\"[('x', '<f8'), ('y', '<f8')]\", '2,'))",
    "await readNpy(npyOf(\"'|O'\", '2,'))",
    "await readNpy(npyOf(\"'<c16'\", '2,'))",
    "await readNpy(npyOf(\"'<U8'\", '2,'))",
    "await readNpy(npyOf(\"'|S8'\", '2,'))",
    "await readNpy(npyOf(\"'<M8[D]'\", '2,'))",
    "await readNpy(npyOf(\"'<m8[s]'\", '2,'))",
    "await readNpy(npyOf(\"'<f16'\", '2,'))",
    "await readNpy(npyOf(\"'|V8'\", '2,'))",
    "await readNpy(npyOf(\"'<q8'\", '2,'))",
    "toNpy([1, 2])",
    "trace((p) => { toNpy(p); return p; }, params.b)",
  ],
};
