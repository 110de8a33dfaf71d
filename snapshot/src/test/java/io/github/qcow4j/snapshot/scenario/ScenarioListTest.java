package io.github.qcow4j.snapshot.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * The list of 67 scenarios that box snapshots have to stand, and where each of them is played.
 *
 * <table>
 * <caption>Groups and classes</caption>
 * <tr><th>numbers</th><th>group</th><th>class</th></tr>
 * <tr><td>1 to 6</td><td>several snapshots</td><td>{@link MultiSnapshotScenarioTest}</td></tr>
 * <tr><td>7 to 13</td><td>removal</td><td>{@link RemovalScenarioTest}</td></tr>
 * <tr><td>14 to 17</td><td>running boxes</td><td>{@link RunningBoxScenarioTest}</td></tr>
 * <tr><td>18 to 22</td><td>snapshots and clones</td><td>{@link SnapshotAndCloneScenarioTest}</td></tr>
 * <tr><td>23 to 30</td><td>clones</td><td>{@link CloneScenarioTest}</td></tr>
 * <tr><td>31 to 39, 65 to 67</td><td>archives</td><td>{@link ArchiveScenarioTest}</td></tr>
 * <tr><td>40 to 47</td><td>refusals</td><td>{@link RefusalScenarioTest}</td></tr>
 * <tr><td>48 to 51</td><td>write pressure</td><td>{@link WritePressureScenarioTest}</td></tr>
 * <tr><td>52 to 56</td><td>over a time</td><td>{@link LifecycleScenarioTest}</td></tr>
 * <tr><td>57 to 60</td><td>what files are made of</td><td>{@link FileSystemScenarioTest}</td></tr>
 * <tr><td>61 to 64</td><td>collection</td><td>{@link CollectionScenarioTest}</td></tr>
 * </table>
 *
 * <p>None of them is left out. Where the list starts a virtual machine to see that a disk is good,
 * these ask {@code qemu-img check} and read the disk through QEMU; what a program inside does, a
 * {@code qemu-io} or the tools of a file system do. That a guest really boots from a box, a
 * restored box and a clone, answers while it is captured (14, 17, 23, 48, 49) and is found running
 * (53), is shown by {@code RealGuestTest} of the command line.
 */
class ScenarioListTest {

  private static final int LAST = 67;

  private static final List<Class<?>> CLASSES =
      List.of(
          MultiSnapshotScenarioTest.class,
          RemovalScenarioTest.class,
          RunningBoxScenarioTest.class,
          SnapshotAndCloneScenarioTest.class,
          CloneScenarioTest.class,
          ArchiveScenarioTest.class,
          RefusalScenarioTest.class,
          WritePressureScenarioTest.class,
          LifecycleScenarioTest.class,
          FileSystemScenarioTest.class,
          CollectionScenarioTest.class);

  @Test
  void everyScenarioIsPlayed() {
    List<Integer> played = new ArrayList<>();
    for (Class<?> each : CLASSES) {
      for (Method method : each.getDeclaredMethods()) {
        Scenario scenario = method.getAnnotation(Scenario.class);
        if (scenario != null) {
          IntStream.of(scenario.value()).forEach(played::add);
        }
      }
    }
    assertThat(new TreeSet<>(played))
        .containsExactlyElementsOf(IntStream.rangeClosed(1, LAST).boxed().toList());
  }
}
