/**
 * Makes the writers of a running box hold still while its disks are captured, and lets them go on
 * whatever happens: by stopping their processes, through the guest's agent, or by a program of the
 * user's. Touches processes and sockets, no file; knows nothing of boxes.
 */
@NullMarked
package io.github.qcow4j.snapshot.quiesce;

import org.jspecify.annotations.NullMarked;
