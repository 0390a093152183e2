import { RemovalPolicy } from 'aws-cdk-lib';
import type { StackConfig } from '../config/config.ts';

/** Whether what holds data, keys or the traces of who used them outlives its stack. */
export function removalOf(config: Pick<StackConfig, 'removalPolicy'>): RemovalPolicy {
  return config.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}
