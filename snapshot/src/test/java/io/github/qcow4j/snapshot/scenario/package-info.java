/**
 * Boxes as people use them, every disk written and read by the real QEMU: the scenarios of {@link
 * io.github.qcow4j.snapshot.scenario.ScenarioListTest}, and the defects that other programs of this
 * kind have had.
 */
package io.github.qcow4j.snapshot.scenario;
