import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { BOTO3_PYTHON } from './fetching/python-packages.ts';

/** Where a server answers, and with which keys. */
export type JudgeTarget = {
  readonly url: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

const listed = z.object({ key: z.string(), size: z.number().nullable(), etag: z.string() });
export type ListedObject = z.output<typeof listed>;

const got = z.object({
  key: z.string(),
  body: z.string().optional(),
  etag: z.string().optional(),
  error: z.string().optional(),
});
export type GotObject = z.output<typeof got>;

/** What boto3 lists of a bucket by the server's own tokens, so many objects a page, in the server's order. */
export async function judgeListing(target: JudgeTarget, bucket: string, pageSize = 1000): Promise<ListedObject[]> {
  return ask({ ask: 'list', target, bucket, pageSize }, listed);
}

/** What boto3 gets for each of these keys: a body, or the code that the server refuses with. */
export async function judgeObjects(target: JudgeTarget, bucket: string, keys: readonly string[]): Promise<GotObject[]> {
  return keys.length === 0 ? [] : ask({ ask: 'get', target, bucket, keys }, got);
}

/** Ten minutes, for a listing of a slow server. */
const JUDGE_MS = 600_000;

async function ask<Answer>(question: object, answer: z.ZodType<Answer>): Promise<Answer[]> {
  const child = spawn(BOTO3_PYTHON, [join(import.meta.dirname, 'judge.py')], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: JUDGE_MS,
    killSignal: 'SIGKILL',
  });
  const exit = once(child, 'close');
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-2000);
  });
  child.stdin.end(JSON.stringify(question));
  const answers: Answer[] = [];
  for await (const line of createInterface({ input: child.stdout })) answers.push(answer.parse(JSON.parse(line)));
  const [code] = await exit;
  if (code !== 0) throw new Error(`boto3 could not tell: ${complaint.trim().split('\n').at(-1) ?? `exit ${code}`}`);
  return answers;
}
