package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.model.Box;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code box list}. */
@Command(name = "list", description = "Lists all boxes.")
final class ListBoxes extends BoxAction {

  ListBoxes(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    List<Box> boxes = home.list();
    session().show(BoxText.boxes(boxes), json -> BoxJson.boxes(json, boxes));
    return 0;
  }
}
