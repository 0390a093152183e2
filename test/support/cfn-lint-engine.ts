import { CFN_LINT_FOLDER, CFN_LINT_PYTHON, CFN_LINT_VERSION, isCfnLintThere } from './engine-paths.ts';
import type { PythonEngine } from './python-engine.ts';

/** cfn-lint, which holds a CloudFormation template against the schemas of AWS. Of the others, versions that still run on Python 3.10. */
export const cfnLintEngine: PythonEngine = {
  name: 'cfn-lint',
  folder: CFN_LINT_FOLDER,
  python: CFN_LINT_PYTHON,
  isThere: isCfnLintThere,
  skipped: 'the check of the CloudFormation template',
  packages: [
    `cfn-lint==${CFN_LINT_VERSION}`,
    'jsonpatch==1.33',
    'jsonpointer==3.0.0',
    'mpmath==1.3.0',
    'networkx==3.4.2',
    'pyyaml==6.0.3',
    'regex==2025.9.1',
    'sympy==1.14.0',
    'typing-extensions==4.15.0',
  ],
};
