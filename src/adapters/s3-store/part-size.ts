/** How a body of unknown length is cut into parts. */
export interface PartSizes {
  /** The size of part `number`, from 1; null when the store allows no further part. */
  bytesOf(number: number): number | null;
}

const MIB = 1024 * 1024;
const USUAL_BYTES = 16 * MIB;
/** The largest part of S3. */
const MOST_BYTES = 5 * 1024 * MIB;
/** An estimate is the size of a database; its dump, encrypted and badly compressible, may be larger. */
const MARGIN = 1.5;

/**
 * Chooses the size once, from the estimate, so that the allowed parts suffice with a margin. Only when the estimate was
 * wrong, that is in the second half of the parts, the size doubles with each eighth of them, to 16 times at the end;
 * stores that want equal parts get equal parts.
 */
export function partSizesFor(
  estimatedBytes: number,
  parts: { readonly max: number; readonly equal: boolean },
): PartSizes {
  const needed = Math.ceil((estimatedBytes * MARGIN) / parts.max / MIB) * MIB;
  const first = Math.min(MOST_BYTES, Math.max(USUAL_BYTES, needed));
  return {
    bytesOf(number) {
      if (number > parts.max) return null;
      if (parts.equal) return first;
      const eighths = Math.floor(((number - 1) * 8) / parts.max) - 3;
      return Math.min(MOST_BYTES, first * 2 ** Math.max(0, eighths));
    },
  };
}
