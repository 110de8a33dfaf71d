/**
 * The Linux calls through jnr-ffi, which need not be there: the only package that knows it. Open to
 * the class that jnr-ffi generates, of {@link io.github.qcow4j.nativeio.jnr.CLibrary} alone.
 */
@NullMarked
package io.github.qcow4j.nativeio.jnr;

import org.jspecify.annotations.NullMarked;
