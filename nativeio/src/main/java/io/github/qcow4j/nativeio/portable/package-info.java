/**
 * The provider that stands on {@code java.nio} alone, for runtimes that refuse native access. May
 * touch the interfaces above it and the support package.
 */
@NullMarked
package io.github.qcow4j.nativeio.portable;

import org.jspecify.annotations.NullMarked;
