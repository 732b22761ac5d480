/* SPDX-License-Identifier: Apache-2.0
 *
 * The sub-commands, each defined in cmd_<name>.c.
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "options.h"

extern const command cmd_bench;
extern const command cmd_classify;
extern const command cmd_convert;
extern const command cmd_cost;
extern const command cmd_eval;
extern const command cmd_features;
extern const command cmd_finetune;
extern const command cmd_info;
extern const command cmd_init;
extern const command cmd_pull;
extern const command cmd_run;
extern const command cmd_scale;
extern const command cmd_search;
extern const command cmd_summary;
extern const command cmd_train;

#endif
