package io.github.qcow4j.cli.box;

import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.model.BoxDisk;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code box path}. */
@Command(name = "path", description = "Prints the absolute path of a live disk, for a hypervisor.")
final class BoxPath extends BoxAction {

  @Parameters(paramLabel = "NAME", description = "the box")
  private String name = "";

  @Option(names = "--disk", paramLabel = "ROLE", description = "which disk; root if not given")
  private String role = BoxDisk.ROOT;

  BoxPath(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    Path path = home.path(name, role);
    session().show(path + "\n", json -> json.member("path", path.toString()));
    return 0;
  }
}
