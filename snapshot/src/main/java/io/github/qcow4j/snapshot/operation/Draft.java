package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Hold;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.journal.Journal;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An intent that is being put together, with what will make its files. For one thread. */
final class Draft {

  final List<String> made = new ArrayList<>();
  final List<String> read = new ArrayList<>();
  final List<FileSwitch> switches = new ArrayList<>();
  final List<Change> changes = new ArrayList<>();
  final List<String> doomed = new ArrayList<>();
  final List<Hold> holds = new ArrayList<>();
  private final List<Journal.Making> makings = new ArrayList<>();

  /** One more file, and how it is made. */
  void make(String file, Journal.Making making) {
    made.add(file);
    makings.add(making);
  }

  void change(Change change) {
    changes.add(change);
  }

  Intent intent(Home home, String operation, @Nullable String boxId) {
    return home.intent(operation, boxId, made, read, switches, changes, doomed, holds);
  }

  void makeAll() throws IOException {
    for (Journal.Making each : makings) {
      each.make();
    }
  }
}
