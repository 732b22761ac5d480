/* SPDX-License-Identifier: Apache-2.0
 *
 * SIGINT, SIGTERM and SIGHUP end the command at once, as they end any program; the shell sees 130, 143 and
 * 129. Only while a file is being written they wait, so that no temporary file stays behind.
 */
#ifndef TOOLS_SIGNALS_H
#define TOOLS_SIGNALS_H

void signals_hold(void);
void signals_release(void); /* one that came meanwhile ends the command here */

#endif
