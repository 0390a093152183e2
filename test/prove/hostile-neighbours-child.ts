/** `npm start`, and a line each second that tells what the process takes. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const everyMs = 1000;
const delay = monitorEventLoopDelay({ resolution: 20 });
delay.enable();
setInterval(() => {
  const { user, system } = process.cpuUsage();
  const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  const stalledMs = Math.round(delay.max / 1e6);
  delay.reset();
  console.log(JSON.stringify({ taken: { megabytes, stalledMs, cpuSeconds: (user + system) / 1e6 } }));
}, everyMs).unref();

await import('#local/start.ts');
