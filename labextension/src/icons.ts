/** Our icons. */

import { LabIcon } from '@jupyterlab/ui-components';

import markSvg from '../style/icons/mark.svg';
import prodkitSvg from '../style/icons/prodkit.svg';

export const prodkitIcon = new LabIcon({ name: 'jupyter-prodkit:production', svgstr: prodkitSvg });
export const markIcon = new LabIcon({ name: 'jupyter-prodkit:mark', svgstr: markSvg });
