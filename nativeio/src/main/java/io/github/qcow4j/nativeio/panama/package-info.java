/**
 * The Linux calls, and libdeflate's, through {@code java.lang.foreign}: the only package that links
 * native functions.
 */
@NullMarked
package io.github.qcow4j.nativeio.panama;

import org.jspecify.annotations.NullMarked;
