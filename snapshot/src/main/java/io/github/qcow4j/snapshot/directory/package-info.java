/**
 * Directories that boxes travel in: disks and other files side by side, and {@code snapshot.json},
 * written last, which says that all are there. Our own, and those of Cocoon for both of its
 * hypervisors. Their files are copied by sharing storage where the file system can.
 *
 * <p>Knows nothing of a home or a catalogue: whoever calls gives open images, and directories.
 */
@NullMarked
package io.github.qcow4j.snapshot.directory;

import org.jspecify.annotations.NullMarked;
