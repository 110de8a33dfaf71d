/**
 * What the providers share: counting calls in flight, scratch memory, and the table of processes.
 * Knows no native code.
 */
@NullMarked
package io.github.qcow4j.nativeio.support;

import org.jspecify.annotations.NullMarked;
