package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code box rm}. */
@Command(name = "rm", description = "Removes boxes and their snapshots.")
final class RemoveBoxes extends BoxAction {

  @Parameters(arity = "1..*", paramLabel = "NAME", description = "the boxes")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--force",
      description = "also those that run or that others are made of; what others need stays")
  private boolean force;

  RemoveBoxes(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    // A wrong name among right ones is told before any of them is gone.
    Set<String> boxes = new LinkedHashSet<>(names);
    for (String name : boxes) {
      home.show(name);
    }
    home.removeAll(List.copyOf(boxes), force);
    session().answer("", json -> BoxJson.names(json, "removed", List.copyOf(boxes)));
    return 0;
  }
}
