import type { RealServer } from '../real-server.ts';
import { ceph } from './ceph.ts';
import { garage } from './garage.ts';
import { gofakes3 } from './gofakes3.ts';
import { minio } from './minio.ts';
import { moto } from './moto.ts';
import { rclone } from './rclone.ts';
import { s3mock } from './s3mock.ts';
import { s3proxy } from './s3proxy.ts';
import { s3rver } from './s3rver.ts';
import { seaweedfs } from './seaweedfs.ts';
import { swift } from './swift.ts';
import { versitygw } from './versitygw.ts';

/** In the order in which the table shows them. */
export const allServers: readonly RealServer[] = [
  minio,
  garage,
  ceph,
  swift,
  versitygw,
  seaweedfs,
  rclone,
  gofakes3,
  moto,
  s3rver,
  s3proxy,
  s3mock,
];
