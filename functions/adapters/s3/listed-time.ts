const rfc3339 =
  /^((\d{4})-(0[1-9]|1[0-2])-([0-2]\d|3[01]))[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** RFC 3339 with any number of fraction digits, cut to milliseconds and turned to UTC. Without Date where it can be:
 *  parsing and printing one took half of the time of reading a page. */
export function readTimestamp(text: string | undefined): string | undefined {
  const parts = text === undefined ? null : rfc3339.exec(text);
  if (parts === null) return undefined;
  const [, date, year, month, day, time, fraction = '', sign, hours, minutes] = parts;
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) return undefined;
  const local = `${date}T${time}.${fraction.length === 3 ? fraction : fraction.slice(0, 3).padEnd(3, '0')}Z`;
  if (sign === undefined) return local;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '+' ? 1 : -1);
  const utc = new Date(Date.parse(local) - offset).toISOString();
  return utc.length === local.length ? utc : undefined;
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The first form of RFC 7231, section 7.1.1.1; some servers write its UTC in another way. */
const rfc1123 = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) (?:GMT|UTC|\+0000)$/;

/** Times as other servers than S3 write them: RFC 3339 without a zone, which is UTC then, and dates of HTTP. */
export function readForeignTimestamp(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^\d{4}-\d\d-\d\d[Tt][\d:.]+$/.test(text)) return readTimestamp(`${text}Z`);
  const parts = rfc1123.exec(text);
  if (parts === null) return undefined;
  const [, day, name = '', year, time] = parts;
  const month = String(months.indexOf(name) + 1).padStart(2, '0');
  return readTimestamp(`${year}-${month}-${day}T${time}Z`);
}
