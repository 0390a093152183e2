import { fetchGoProgram, goBinary } from '../fetching/go-program.ts';
import { freePort, startProgram } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { targetAt } from './keys.ts';

const program = {
  name: 'gofakes3',
  package: 'github.com/johannesboyne/gofakes3/cmd/gofakes3',
  version: 'v1.2.0',
} as const;

export const gofakes3: RealServer = {
  id: 'gofakes3',
  name: 'gofakes3',
  version: program.version.slice(1),
  how: '`go install`, in memory',
  fetch: () => fetchGoProgram(program),
  async start(folder) {
    const port = await freePort();
    const values = ['-host', `127.0.0.1:${port}`, '-backend', 'memory', '-quiet'];
    const running = await startProgram({ command: goBinary(program), values, folder, port });
    return { ...targetAt(port), stop: () => running.stop() };
  },
};
