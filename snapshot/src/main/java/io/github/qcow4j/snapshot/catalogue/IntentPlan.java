package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.json.JsonText;
import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonArray;
import io.github.qcow4j.snapshot.json.JsonValue.JsonNull;
import io.github.qcow4j.snapshot.json.JsonValue.JsonNumber;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.json.JsonValue.JsonString;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.transfer.TransferException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an intent is to do, as one text in its row. With a row for each of its parts, as there was
 * up to version 6 of the catalogue, a snapshot wrote six pages more, a quarter of all.
 *
 * <pre>
 * {"made": [file...], "read": [file...], "doomed": [file...],
 *  "switches": [[kind, live, other, fresh, inode]...],
 *  "changes": [[statement, parameter...]...], "holds": [[kind, target]...]}
 * </pre>
 */
final class IntentPlan {

  private IntentPlan() {}

  /** The text of an intent. */
  static String text(Intent intent) {
    Map<String, JsonValue> members = new LinkedHashMap<>();
    members.put("made", JsonArray.ofStrings(intent.made()));
    members.put("read", JsonArray.ofStrings(intent.read()));
    members.put("doomed", JsonArray.ofStrings(intent.doomed()));
    List<JsonValue> switches = new ArrayList<>();
    for (FileSwitch each : intent.switches()) {
      switches.add(
          array(each.kind().label(), each.live(), each.other(), each.fresh(), each.inode()));
    }
    members.put("switches", new JsonArray(switches));
    List<JsonValue> changes = new ArrayList<>();
    for (Change each : intent.changes()) {
      List<JsonValue> change = new ArrayList<>();
      change.add(new JsonString(each.statement().name()));
      each.parameters().forEach(parameter -> change.add(value(parameter)));
      changes.add(new JsonArray(change));
    }
    members.put("changes", new JsonArray(changes));
    List<JsonValue> holds = new ArrayList<>();
    for (Hold each : intent.holds()) {
      holds.add(array(each.kind().label(), each.target()));
    }
    members.put("holds", new JsonArray(holds));
    return JsonText.writeLine(new JsonObject(members));
  }

  private static JsonArray array(Object... values) {
    List<JsonValue> elements = new ArrayList<>();
    for (Object each : values) {
      elements.add(value(each));
    }
    return new JsonArray(elements);
  }

  private static JsonValue value(@Nullable Object value) {
    return switch (value) {
      case null -> JsonNull.NULL;
      case Number number -> JsonNumber.of(number.longValue());
      default -> new JsonString(value.toString());
    };
  }

  /**
   * The whole intent; a {@linkplain Intent.Phase#DAMAGED damaged} one when the text is none that
   * this program or a former one wrote. All other operations and boxes go on.
   *
   * @param head its row, but for the text
   */
  static Intent read(Intent head, String text) {
    try {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      JsonObject plan = JsonText.readObject(bytes, "intent");
      return new Intent(
          head.seq(),
          head.operation(),
          head.boxId(),
          head.phase(),
          head.holder(),
          files(plan, "made"),
          files(plan, "read"),
          arrays(plan, "switches").stream().map(IntentPlan::readSwitch).toList(),
          arrays(plan, "changes").stream().map(IntentPlan::readChange).toList(),
          files(plan, "doomed"),
          arrays(plan, "holds").stream().map(IntentPlan::readHold).toList());
    } catch (TransferException | IllegalArgumentException | IndexOutOfBoundsException e) {
      // Of one that is over but for files that go, these are orphans then.
      return head.phase() == Intent.Phase.SWEEPING ? head.sweeping() : head.damaged();
    }
  }

  private static List<JsonValue> elements(JsonObject plan, String name) {
    if (plan.get(name) instanceof JsonArray array) {
      return array.elements();
    }
    throw new IllegalArgumentException("no " + name);
  }

  private static List<String> files(JsonObject plan, String name) {
    return elements(plan, name).stream().map(IntentPlan::file).toList();
  }

  private static List<List<JsonValue>> arrays(JsonObject plan, String name) {
    List<List<JsonValue>> arrays = new ArrayList<>();
    for (JsonValue each : elements(plan, name)) {
      if (!(each instanceof JsonArray array)) {
        throw new IllegalArgumentException(name + " holds something else than arrays");
      }
      arrays.add(array.elements());
    }
    return arrays;
  }

  private static FileSwitch readSwitch(List<JsonValue> each) {
    FileSwitch.Kind kind = FileSwitch.Kind.valueOf(text(each.get(0)).toUpperCase(Locale.ROOT));
    boolean files = kind != FileSwitch.Kind.REBASE;
    return new FileSwitch(
        kind,
        file(each.get(1)),
        files ? file(each.get(2)) : text(each.get(2)),
        files ? file(each.get(3)) : text(each.get(3)),
        Long.parseLong(number(each.get(4))));
  }

  /** A former program wrote eight parameters of every statement, the superfluous ones null. */
  private static Change readChange(List<JsonValue> each) {
    Change.Statement statement = Change.Statement.valueOf(text(each.get(0)));
    List<@Nullable Object> parameters = new ArrayList<>();
    for (JsonValue value : each.subList(1, 1 + statement.parameters())) {
      parameters.add(
          switch (value) {
            case JsonNull nothing -> null;
            case JsonNumber number -> Long.valueOf(number.literal());
            default -> text(value);
          });
    }
    return new Change(statement, parameters);
  }

  private static Hold readHold(List<JsonValue> each) {
    return new Hold(Hold.Kind.ofLabel(text(each.get(0))), text(each.get(1)));
  }

  private static String text(JsonValue value) {
    if (value instanceof JsonString string) {
      return string.text();
    }
    throw new IllegalArgumentException("not a text: " + value);
  }

  /** Recovery removes and renames these, and a home may come from a stranger. */
  private static String file(JsonValue value) {
    String file = text(value);
    if (!HomeLayout.isPlaceOfFile(file)) {
      throw new IllegalArgumentException("not a file of the home: " + file);
    }
    return file;
  }

  private static String number(JsonValue value) {
    if (value instanceof JsonNumber number) {
      return number.literal();
    }
    throw new IllegalArgumentException("not a number: " + value);
  }
}
