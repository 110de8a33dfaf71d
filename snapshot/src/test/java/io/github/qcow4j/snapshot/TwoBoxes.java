package io.github.qcow4j.snapshot;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.HomeFinding;
import io.github.qcow4j.snapshot.model.HomeReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A home with boxes 'web' and 'other', each with a snapshot 'one'. */
abstract class TwoBoxes {

  @TempDir Path directory;
  BoxHome home;

  @BeforeEach
  final void makeBoxes() throws Exception {
    open();
    for (String name : List.of("web", "other")) {
      DiskSource root = new DiskSource.Empty(BoxDisk.ROOT, 1 << 20);
      home.create(new CreateRequest(name, List.of(root)), new JobControl());
      home.snapshot(name, "one", "");
    }
  }

  @AfterEach
  final void close() throws Exception {
    home.close();
  }

  final void open() throws IOException {
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")));
  }

  final List<HomeFinding> check(boolean repairing) throws IOException {
    HomeReport report = home.check(repairing, new JobControl());
    return report.lines().stream().map(HomeReport.Line::finding).toList();
  }
}
