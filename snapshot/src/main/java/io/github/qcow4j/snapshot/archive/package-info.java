/**
 * {@code .boxlite} archives: a tape archive of a manifest and standalone qcow2 disks, compressed as
 * a whole, as BoxLite writes and reads them. Export flattens disks straight into the stream; import
 * leaves sound disks under names of the caller's staging directory, or nothing.
 *
 * <p>Knows nothing of a home or a catalogue: whoever calls gives open images, and a directory.
 */
@NullMarked
package io.github.qcow4j.snapshot.archive;

import org.jspecify.annotations.NullMarked;
