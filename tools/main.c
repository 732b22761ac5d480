/* SPDX-License-Identifier: Apache-2.0
 *
 * The command's entry. The sub-commands are in cmd_<name>.c, one each.
 */
#include <effnet.h>
#include <stdio.h>

int main(void)
{
    printf("effnet %s\n", EFFNET_VERSION);
    return 0;
}
