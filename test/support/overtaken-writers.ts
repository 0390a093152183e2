/** An answer as far as the writers look at it. */
export type WriterAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
};

/** Sends one request to the row: a GET without a body, else a PUT. */
export type RowCall = (ifMatch?: string, body?: object) => Promise<WriterAnswer>;

export type RaceOutcome = {
  readonly rounds: number;
  /** Changes that were made, and tries that were told of another. */
  readonly won: number;
  readonly told: number;
  /** What should not have been, in words. */
  readonly wrong: readonly string[];
  /** The row's text in the end: the number of every writer that won, in order. */
  readonly written: readonly number[];
};

type State = { readonly etag: string; readonly description: string };

/**
 * Many writers at one row, each of whom adds its number to the description that it knows, under If-Match. First all of
 * them try with the same tag; then those who were told go on with the state that they were told, so many at once, until
 * everybody's change stands. In each round exactly one may win, and all others must be told what the winner wrote.
 */
export async function raceWriters(call: RowCall, writers: number, atOnce: number): Promise<RaceOutcome> {
  const wrong: string[] = [];
  const counts = { rounds: 0, won: 0, told: 0 };
  let state = stateOf(await call(), '_source');
  const everybody = Array.from({ length: writers }, (_each, index) => index);
  const round = async (trying: readonly number[]): Promise<number[]> => {
    const { etag, description } = state;
    const answers = await Promise.all(trying.map((writer) => call(etag, { description: `${description}${writer};` })));
    const winners = trying.filter((_writer, index) => answers[index]?.status === 200);
    const told = answers.filter(({ status }) => status === 412).map((answer) => stateOf(answer, 'current'));
    counts.rounds += 1;
    counts.won += winners.length;
    counts.told += told.length;
    const [winner] = winners;
    if (winner === undefined || winners.length > 1) wrong.push(`round ${counts.rounds}: ${winners.length} won`);
    if (winners.length + told.length < trying.length)
      wrong.push(`round ${counts.rounds}: ${answers.map(({ status }) => status)}`);
    state = stateOf(await call(), '_source');
    if (state.description !== `${description}${winner};`)
      wrong.push(`round ${counts.rounds}: reads ${state.description}`);
    const other = told.find((each) => each.etag !== state.etag || each.description !== state.description);
    if (other !== undefined)
      wrong.push(`round ${counts.rounds}: told ${other.description}, reads ${state.description}`);
    return trying.filter((writer) => !winners.includes(writer));
  };
  let left = await round(everybody);
  while (left.length > 0 && wrong.length === 0) {
    const group = left.slice(0, atOnce);
    left = [...(await round(group)), ...left.slice(atOnce)];
  }
  const written = state.description.split(';').slice(0, -1).map(Number);
  return { ...counts, wrong, written };
}

function stateOf({ headers, text }: WriterAnswer, where: '_source' | 'current'): State {
  const json = JSON.parse(text);
  const shown = where === '_source' ? json._source : json.error.current;
  return { etag: headers.etag ?? '', description: shown.description };
}
