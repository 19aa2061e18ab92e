/** The tools that people choose from, in the toolbar's order; each is made with its desk. */
import { AddBrush, EraseBrush, PushTool } from "#editor/tools/brush-tool.js";
import { DrawTool } from "#editor/tools/draw-tool.js";
import { LivewireTool } from "#editor/tools/livewire-tool.js";
import { MoveTool } from "#editor/tools/move-tool.js";
import { RedrawTool } from "#editor/tools/redraw-tool.js";
import { RulerTool } from "#editor/tools/ruler-tool.js";
import { HoleTool, SplitTool, UniteTool } from "#editor/tools/shape-tools.js";
import { SimplifyTool, SmoothTool } from "#editor/tools/stretch-tools.js";
import { VertexTool } from "#editor/tools/vertex-tool.js";

export const TOOLS = [
  RedrawTool,
  VertexTool,
  PushTool,
  AddBrush,
  EraseBrush,
  SmoothTool,
  SimplifyTool,
  LivewireTool,
  DrawTool,
  SplitTool,
  HoleTool,
  UniteTool,
  RulerTool,
  MoveTool,
];
