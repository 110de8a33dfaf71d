/** The module as others see it: from a package that it does not have. */
package io.github.qcow4j.nativeio.modular;
