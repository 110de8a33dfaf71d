package io.github.qcow4j.snapshot;

/** Where an operation is to be halted at its Nth step, counted from 1. */
record HaltedHome(HaltedWork work, int step) {

  static HaltedHome named(String name) {
    int dot = name.indexOf('.');
    return new HaltedHome(
        HaltedWork.valueOf(name.substring(0, dot)), Integer.parseInt(name.substring(dot + 1)));
  }

  /** Its directory's. */
  String name() {
    return work + "." + step;
  }
}
