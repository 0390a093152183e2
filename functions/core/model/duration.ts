/** Go's time.Duration is an int64 of nanoseconds; its magnitude reaches 2^63 on the negative side only. */
const LARGEST_MAGNITUDE = 1n << 63n;
const LARGEST_DURATION = LARGEST_MAGNITUDE - 1n;

/** Nanoseconds per unit. Both micro signs, U+00B5 and U+03BC, are Go's. */
const units: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n],
  ['\u03bcs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
const NANOSECONDS_PER_DAY = 86_400_000_000_000n;

/** One number with its unit, such as `1.5h`, `.5s` or `5.s`: a unit runs up to the next digit or dot. */
const component = /([0-9]*)(?:\.([0-9]*))?([^0-9.]+)/y;

/**
 * A duration in the grammar of Go's time.ParseDuration (https://pkg.go.dev/time#ParseDuration), in nanoseconds;
 * undefined when Go would refuse it, overflow of its 64 bits included. `days: true` also takes `d` (24 hours), which Go
 * does not.
 */
export function parseDuration(text: string, options: { readonly days?: boolean } = {}): bigint | undefined {
  const negative = text.startsWith('-');
  const rest = negative || text.startsWith('+') ? text.slice(1) : text;
  if (rest === '0') return 0n;
  const magnitude = sumComponents(rest, options.days === true);
  if (magnitude === undefined) return undefined;
  if (negative) return -magnitude;
  return magnitude > LARGEST_DURATION ? undefined : magnitude;
}

function sumComponents(text: string, days: boolean): bigint | undefined {
  if (text === '') return undefined;
  let sum = 0n;
  component.lastIndex = 0;
  for (let at = 0; at < text.length; at = component.lastIndex) {
    component.lastIndex = at;
    const [, whole = '', fraction = '', unitName = ''] = component.exec(text) ?? [];
    if (whole === '' && fraction === '') return undefined;
    const unit = days && unitName === 'd' ? NANOSECONDS_PER_DAY : units.get(unitName);
    const integer = boundedInteger(whole);
    if (unit === undefined || integer === undefined) return undefined;
    sum += integer * unit + fractionOf(fraction, unit);
    if (sum > LARGEST_MAGNITUDE) return undefined;
  }
  return sum;
}

/** Stops as soon as the number is too large, so that a long run of digits costs nothing. */
function boundedInteger(digits: string): bigint | undefined {
  const significant = digits.replace(/^0+/, '');
  if (significant.length > 19) return undefined;
  const value = BigInt(significant);
  return value > LARGEST_MAGNITUDE ? undefined : value;
}

/**
 * Digits behind the point, in nanoseconds. Computed as Go does it, in double precision and cut off, with the digits
 * that no longer fit 63 bits ignored: only so is 0.3333333333333333333h the 1,200 s that Go makes of it.
 */
function fractionOf(digits: string, unit: bigint): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (next > LARGEST_MAGNITUDE) break;
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (Number(unit) / scale)));
}
