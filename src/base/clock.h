/* SPDX-License-Identifier: Apache-2.0
 *
 * Wall time that never jumps.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Milliseconds since some fixed moment. */
double clock_ms(void);

#endif
