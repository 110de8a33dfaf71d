/**
 * Fixtures for tests of image code: real images written by QEMU's own tools, images damaged on
 * purpose, and what QEMU says about both.
 *
 * <p>Nothing here uses the main code of this project, so that the fixtures stay an independent
 * second opinion on the format. They need the JDK, JUnit's assumptions, and {@code qemu-img} and
 * {@code qemu-io} on the search path; see {@link io.github.qcow4j.qcow2.testing.QemuTools}. They
 * write below a scratch directory only.
 */
@NullMarked
package io.github.qcow4j.qcow2.testing;

import org.jspecify.annotations.NullMarked;
