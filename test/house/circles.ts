import { circlesOf, floorsOf, readImportGraph, roomsOf } from './import-graph.ts';

// Prints the floors of all rooms and the circles of files and of rooms, types included; exits with 1 if there are any.
const files = readImportGraph(['functions', 'infra']);
const rooms = roomsOf(files);
const circles = { files: circlesOf(files), rooms: circlesOf(rooms) };
if (circles.rooms.length === 0) {
  const floors = [...floorsOf(rooms)].sort(([a, x], [b, y]) => x - y || a.localeCompare(b));
  for (const [room, floor] of floors) console.log(`${String(floor).padStart(2)}  ${room}`);
}
for (const [kind, found] of Object.entries(circles)) {
  console.log(`circles of ${kind}, types included: ${found.length === 0 ? 'none' : ''}`);
  for (const circle of found) console.log(`  ${circle.join(' ')}`);
}
console.log(`${files.size} files in ${rooms.size} rooms`);
process.exitCode = circles.files.length + circles.rooms.length === 0 ? 0 : 1;
