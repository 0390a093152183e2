import { fieldsOf, tagOf } from '../model/row-tag.ts';
import { type ConnectorRow, connectorInput, echoedFields } from './connector.ts';
import { type DatasourceRow, datasourceInput, syncInput } from './datasource.ts';

/** Fields of a body that are read and change nothing. */
const unchangeable = new Set(['id', 'changed_by', ...Object.keys(echoedFields)]);

/** Taken from the body's own shape, so that a field that comes to it is in the tag from its first day. */
function settableIn(shape: object): string[] {
  return Object.keys(shape).filter((name) => !unchangeable.has(name));
}

const ofConnectors = [...settableIn(connectorInput.shape), 'secrets'];
const ofDatasources = [...settableIn(datasourceInput.shape), 'secrets'];
const ofPolicies = settableIn(syncInput.shape);

/** The tag of a connector. A secret that was set anew moves it, though nothing shows it: it is sealed anew. */
export function connectorTag(row: ConnectorRow): string {
  return tagOf(row.owner, fieldsOf(row, ofConnectors));
}

/**
 * The tag of a datasource, whichever dialect shows it. When it syncs is part of it, and so is what was changed of that in
 * the AWS console; from when on, by whom, and what a connector's change does to it are not.
 */
export function datasourceTag(row: DatasourceRow): string {
  return tagOf(row.owner, { ...fieldsOf(row, ofDatasources), sync: fieldsOf(row.sync, ofPolicies) });
}
