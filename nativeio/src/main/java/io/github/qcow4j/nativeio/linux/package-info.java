/**
 * The Linux kernel's files, written once against {@link
 * io.github.qcow4j.nativeio.linux.LinuxCalls}, which a foreign function binding implements. May
 * touch the interfaces above it and the support package, and no binding.
 */
@NullMarked
package io.github.qcow4j.nativeio.linux;

import org.jspecify.annotations.NullMarked;
