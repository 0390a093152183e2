import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toSchedulerCron } from '#core/timing/cron.ts';
import vectors from '../../vectors/cron.json' with { type: 'json' };

const expressionOf = (unix: string) => {
  const result = toSchedulerCron(unix);
  return result.ok ? result.expression : null;
};
const reasonOf = (unix: string) => {
  const result = toSchedulerCron(unix);
  return result.ok ? undefined : result.reason;
};

describe('a Unix cron expression for EventBridge Scheduler', () => {
  test.each(vectors.rows as [string, string | null][])('given %j, then it is %s', (unix, expression) => {
    expect(expressionOf(unix)).toBe(expression);
    if (expression === null) expect(reasonOf(unix)).toMatch(/.{20}/);
  });

  test.each([
    ['  0  6 * * *  ', 'cron(0 6 * * ? *)'],
    ['00 06 * * *', 'cron(0 6 * * ? *)'],
    ['0-30/10 * * * *', 'cron(0,10,20,30 * * * ? *)'],
    ['*/1 * * * *', 'cron(* * * * ? *)'],
    ['0-59 0-23 1-31 1-12 0-7', null],
    ['0-59 0-23 1-31 1-12 *', 'cron(* * * * ? *)'],
    ['5,*/20 * * * *', 'cron(5,0,20,40 * * * ? *)'],
    ['5,5,5 * * * *', 'cron(5 * * * ? *)'],
    ['0 9-17 * * 1-5', 'cron(0 9-17 ? * 2-6 *)'],
    ['0 0 29 2 *', 'cron(0 0 29 2 ? *)'],
    ['0 0 31 2,3 *', 'cron(0 0 31 2,3 ? *)'],
    ['0 0 30,1 2 *', 'cron(0 0 30,1 2 ? *)'],
    ['0 0 */10 feb *', 'cron(0 0 */10 FEB ? *)'],
    ['0 0 * jan,MAR-may,12 *', 'cron(0 0 * JAN,MAR-MAY,12 ? *)'],
    ['0 0 * * 0,7', 'cron(0 0 ? * 1 *)'],
    ['0 0 * * 7-2', 'cron(0 0 ? * 1-3 *)'],
    ['0 0 * * 6-7', 'cron(0 0 ? * 7,1 *)'],
    ['0 0 * * FRI-SUN', 'cron(0 0 ? * 6,7,1 *)'],
    ['0 0 * * sun-tue', 'cron(0 0 ? * SUN-TUE *)'],
    ['0 0 * * sat-mon', 'cron(0 0 ? * 7,1,2 *)'],
    ['0 0 * * MON-5', 'cron(0 0 ? * 2-6 *)'],
    ['0 0 * * MON,3,sun', 'cron(0 0 ? * MON,4,SUN *)'],
    ['0 0 * * 1-7', 'cron(0 0 * * ? *)'],
    ['0 0 * * 1-5/2', 'cron(0 0 ? * 2,4,6 *)'],
    ['0 0 * * MON-FRI/1', 'cron(0 0 ? * 2-6 *)'],
  ])('given %j, then it is %s', (unix, expression) => {
    expect(expressionOf(unix)).toBe(expression);
  });

  test.each([
    ['0 0 13 * 5', 'leave one of them "*"'],
    ['60 * * * *', 'the minute "60" is out of range: it takes 0–59'],
    ['* 24 * * *', 'the hour "24" is out of range'],
    ['* * 0 * *', 'the day of month "0" is out of range: it takes 1–31'],
    ['* * * 13 *', 'it takes 1–12 or JAN–DEC'],
    ['* * * * 8', 'it takes 0–7 or SUN–SAT'],
    ['*/90 * * * *', 'the step of the minute'],
    ['*/0 * * * *', 'the step of the minute'],
    ['5/10 * * * *', 'write a range, such as 5-59/10'],
    ['0 22-2 * * *', 'write it as two ranges: 22-23,0-2'],
    ['0 0 31 2 *', 'none of its months has a day 31'],
    ['0 0 30,31 FEB *', 'none of its months has a day 30'],
    ['0 0 31 4,6,9,11 *', 'none of its months has a day 31'],
    ['@daily', 'write "0 0 * * *"'],
    ['', 'this one has 0'],
    ['0 6 * * ? *', 'this one has 6'],
    ['0 6 ? * *', 'the day of month "?" cannot be read'],
    ['0 6 L * *', 'cannot be read'],
    ['MON * * * *', 'cannot be read'],
    ['1, * * * *', 'cannot be read'],
    ['1-2-3 * * * *', 'cannot be read'],
    ['*/2/2 * * * *', 'cannot be read'],
    ['-1 * * * *', 'cannot be read'],
    ['1.5 * * * *', 'cannot be read'],
    ['* * * * MONDAY', 'cannot be read'],
    ['__proto__', 'this one has 1'],
    [`${'1,'.repeat(200)}1 * * * *`, 'longer than 256 characters'],
  ])('given %j, then the reason says %j', (unix, words) => {
    expect(reasonOf(unix)).toContain(words);
  });

  test('given lists that grow past what Scheduler takes, then they are refused', () => {
    const odd = '0-30/2,33-58/2,1-29/2,32-58/2';
    expect(reasonOf(`${odd} 0-22/2,1-21/2 1-29/2,2-28/2 * *`)).toContain('longer than the 256 characters');
  });

  test('given any text, then it is answered and never longer than Scheduler takes', () => {
    const field = fc.stringMatching(/^[0-9A-Z*,/-]{1,8}$/);
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), (fields) => {
        const result = toSchedulerCron(fields.join(' '));
        if (result.ok) expect(result.expression.length).toBeLessThanOrEqual(256);
        else expect(result.reason).not.toBe('');
      }),
    );
  });
});
