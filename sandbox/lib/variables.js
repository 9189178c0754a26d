/* SPDX-License-Identifier: Apache-2.0 */
'use strict';
/* sandbox/variables: what a script's variable is called as a parameter to the engine. */
const variableName = (name) => `standin_variable_${name.toLowerCase()}`;

module.exports = { variableName };
