import { createHash } from 'node:crypto';
import type { Outcome, Window, WindowState } from './counter-storage.js';

/**
 * All windows of a step, atomically: first whether every one has room, then one more in each, or in none. A counter begins its
 * window with its first hit and ends by Redis' own expiry. KEYS are the counters; ARGV is `max, milliseconds` of each.
 * Answers 1 or 0 for allowed, then for each its count and the milliseconds it has left.
 */
export const COUNT_SCRIPT = `
local counts, left, allowed = {}, {}, 1
for i, key in ipairs(KEYS) do
  counts[i] = tonumber(redis.call('GET', key) or 0)
  left[i] = counts[i] > 0 and redis.call('PTTL', key) or -1
  if counts[i] >= tonumber(ARGV[2 * i - 1]) then allowed = 0 end
end
local answer = { allowed }
for i, key in ipairs(KEYS) do
  if allowed == 1 then
    if left[i] < 0 then
      left[i] = tonumber(ARGV[2 * i])
      redis.call('SET', key, 1, 'PX', left[i])
      counts[i] = 1
    else
      counts[i] = redis.call('INCR', key)
    end
  end
  answer[2 * i] = counts[i]
  answer[2 * i + 1] = left[i] < 0 and tonumber(ARGV[2 * i]) or left[i]
end
return answer
`;

export const COUNT_SCRIPT_SHA = createHash('sha1').update(COUNT_SCRIPT).digest('hex');

const PREFIX = 'rampart:limit:';

/** The arguments of the script after its name: the number of keys, keys, and limits. */
export function scriptArguments(windows: readonly Window[]): string[] {
  return [
    String(windows.length),
    ...windows.map(({ name, key }) => `${PREFIX}${name}:${key}`),
    ...windows.flatMap(({ limit }) => [String(limit.max), String(Math.round(limit.seconds * 1000))]),
  ];
}

/** What the script answered, or a TypeError for what it cannot have answered. */
export function readOutcome(windows: readonly Window[], answer: unknown): Outcome {
  if (!Array.isArray(answer) || answer.length !== 1 + 2 * windows.length || !answer.every(Number.isSafeInteger)) {
    throw new TypeError('no answer of the counter script');
  }
  const [allowed, ...pairs] = answer as number[];
  const states = windows.map(({ name, limit }, i): WindowState => {
    const [count = 0, milliseconds = 0] = pairs.slice(2 * i, 2 * i + 2);
    const resetSeconds = Math.max(1, Math.ceil(milliseconds / 1000));
    return { name, limit, remaining: Math.max(0, limit.max - count), resetSeconds };
  });
  if (allowed === 1) return { allowed: true, retryAfterSeconds: 0, windows: states };
  const full = states.filter(({ remaining }) => remaining === 0);
  const refusedBy = full.reduce((worst, state) => (state.resetSeconds > worst.resetSeconds ? state : worst));
  return { allowed: false, refusedBy, retryAfterSeconds: refusedBy.resetSeconds, windows: states };
}
