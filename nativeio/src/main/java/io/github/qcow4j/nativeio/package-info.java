/**
 * Files and directories as the kernel offers them. The only package tree that opens files, and the
 * only one that knows native code; it depends on nothing of the other modules.
 */
@NullMarked
package io.github.qcow4j.nativeio;

import org.jspecify.annotations.NullMarked;
