import { Failure } from '#core/model/errors.ts';

/** What paths and bodies under /v1 refer to. Each has an error code of its own: CONNECTOR_NOT_FOUND and so on. */
export type ResourceKind = 'connector' | 'schedule' | 'job' | 'document' | 'webhook';

/** Something that a request refers to is not there. */
export class ResourceNotFound extends Failure {
  readonly kind: ResourceKind;

  constructor(kind: ResourceKind, id: number | string) {
    super('not_found', `there is no ${kind} ${String(id).slice(0, 200)}`);
    this.name = 'ResourceNotFound';
    this.kind = kind;
  }
}
