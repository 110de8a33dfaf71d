/** What the providers share: counting calls in flight, and scratch memory. Knows no native code. */
@NullMarked
package io.github.qcow4j.nativeio.support;

import org.jspecify.annotations.NullMarked;
